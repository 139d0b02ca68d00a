"""Recording: takes of one's own gestures, to train a motion model on.

Comes in: frames with hands, and an order: which gesture, how many takes. Goes out: files, one a
take, and what the user is to do next. recorder.py decides when a take begins and whether it is
good, takes.py knows the files, stages.py puts them behind the tracker.
"""
