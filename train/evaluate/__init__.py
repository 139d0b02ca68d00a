"""How well the letter model reads signers that it never saw, and what light or distance cost.

In come labelled landmarks and the recipe of train.letters. Folds leave out whole data sets and
single persons (folds.py), are trained and read (leave_out.py, readings.py) and counted
(figures.py). Out go figures, tables and plots in train/results, and the baselines that the bundled
models must not fall below. Commands: train.evaluate, train.evaluate.robustness,
train.evaluate.baselines.
"""
