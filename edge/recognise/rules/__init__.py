"""The rules: from what is read on each frame to signs, by times and thresholds set by hand.

Comes in: a hand on each frame, and what models say of it. Goes out: signs. recogniser.py puts the
parts together. debounce.py settles letters by evidence (evidence.py), by how the hand moves
(kinematics.py), and by where a word begins (onset.py). motion.py reads letters that are drawn, and
other gestures, from the hand's trajectory (trajectory.py). gestures.py knows the open hand's space
and deletion. A recogniser that learned all this from data makes the folder superfluous.
"""
