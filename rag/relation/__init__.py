"""How a quotation stands to a claim, and what all quotations together say of it."""
