"""How well letters are read: `python -m benchmarks.accuracy`.

Comes in: the synthetic signer, clips or photographs, and what each of them shows. Goes out: letter
errors, letters missed, false letters, and how long a letter takes. items.py names what is read,
recordings.py keeps the hands that were found in it, and tradeoff.py repeats it with other settings.
"""
