"""Hands: where they are in a frame or a photograph, and their landmarks.

In come frames, with a detector (edge/detectors) that searches them. Out go Hand values in pixels of
the frame. tracking.py follows hands through video: it finds them, follows them from frame to frame
and loses them. photograph.py finds hands in one photograph. geometry.py has the crops, regions and
boxes that both need, and that the detectors and models use too.
"""
