"""Material that customers and distributors read, held against the word lists: products, and everything that is kept."""
