"""A synthetic signer: a drawn hand that fingerspells, with the truth of every picture."""
