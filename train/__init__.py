"""Training: data sets, labelling, recipes, evaluation. May import edge; edge never imports it."""
