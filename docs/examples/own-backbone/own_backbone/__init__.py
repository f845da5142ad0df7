"""A ViLT with QuickGELU as a backbone of Twinsieve.

`plugin` describes it without torch, `network` is it, and `python -m own_backbone FOLDER` makes a folder of weights.
"""
