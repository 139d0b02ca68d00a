"""The recogniser for models of kind sequence, which learned from examples when a letter counts.

Comes in: each frame with the hands in it. Goes out: signs, as from every recogniser. features.py
makes the model's input and is used by training, too. steps.py puts frames of any rate on the
model's grid of times. decoder.py decides which letters the model's outputs settle. recogniser.py
joins them.

This is groundwork. No such model is bundled, since none reads better than the rules yet; what the
best one reached is in train/LOG.md. A user who trains one (`python -m train.sequences`) runs it
with `--model`.
"""
