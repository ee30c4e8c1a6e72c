"""What draws a refined map: normal distributions, fitted to pixels and chosen by the boundaries that they draw.

``pixels`` says what is seen of a pixel, ``normals`` describes groups of pixels, ``em`` fits descriptions and labels in
turn, with or without known fractions, ``boundaries`` measures maps and ``select`` takes the best of several.
"""
