"""Classifiers of pictures: what the recipes that read photographs have in common.

In come class folders of pictures and a network. The hand of each picture is found and cropped
(hand_stage.py, crops.py), pictures are held back (splits.py), the network is trained (fitting.py)
and judged by what it never saw (held_out.py). Out go an int8 model with its manifest, figures and a
page (outcome.py, report.py). Beside them lie networks to choose from with their weights
(backbones.py), other backgrounds (textures.py) and a search for settings (search.py).
"""
