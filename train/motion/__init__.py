"""The motion model: trajectories of moving hands -> a network that names gestures, J and Z first.

In come recorded takes (the collections of shared/data, or a user's own by `fingerspell record`) and
takes made of the signer's skeleton. Out go NAME.keras with its calibration and training.json, for
convert.quantize, figures of how takes are read frame by frame, and a page that shows them.
"""
