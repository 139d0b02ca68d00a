"""The sequence model: hands over time -> a network that decides when a letter is spelled.

This is groundwork: the rules of edge/recognise/rules are still what runs, and no sequence model is
bundled. What the best one reaches today, and what it fails at, is in train/LOG.md ("words as people
spell them: a sequence model").

In come poses of many signers, recorded letters, recorded word signs, and the time courses of
transitions (the collections of shared/data). Out go NAME.tflite and its manifest, of kind sequence,
which `fingerspell run --model` runs by edge/recognise/sequence.py. The streams that the network
learns from are put together here: sources.py reads the material, timeline.py and story.py say what
a hand does when, poses.py bends it, camera.py films it, store.py and shake.py make batches, and
network.py and fit.py learn. `python -m train.sequences` does all of it, and can go on after an
interruption. Its figures are of streams that were held back; no command measures a sequence model
on clips yet.
"""
