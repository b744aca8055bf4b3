"""How different proxies are answered: one file for each form, each from the same verdict."""
