"""What `fit` does: one step (recorded once), batches, the loop over them, callbacks, history and the progress bar."""
