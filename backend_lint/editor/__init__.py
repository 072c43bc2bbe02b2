"""The language server: findings in an editor, as it opens and saves files. Needs pygls (``backend-lint[lsp]``); reads the disk and never writes to it."""
