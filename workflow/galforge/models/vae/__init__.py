"""The variational autoencoder (Kingma & Welling 2014) with learned sky noise."""
