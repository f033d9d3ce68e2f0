"""What NumPy notebooks ask of scikit-learn: MNIST from OpenML, which may be out of reach, and a few plain functions.

Where scikit-learn is installed only its `fetch_openml` is wrapped (`watch`); where it is not, these modules stand in.
"""
