"""What objects are made of: surfaces, hulls, meshes, and their symmetries."""
