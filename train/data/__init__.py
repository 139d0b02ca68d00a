"""The data that models are trained on: what there is, and what the hand models see in it.

In come the folders of shared/data and archives from Kaggle. Out go lists of labelled photographs
(datasets.py), their labelled landmarks in several views (landmarks.py, written by label.py), rows
of Sign Language MNIST (sign_csv.py) and downloaded folders (fetch.py). Commands: train.data.label,
train.data.fetch.
"""
