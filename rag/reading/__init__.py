"""A quotation in its document: the text around it, the page it stands on."""
