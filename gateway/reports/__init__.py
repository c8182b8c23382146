"""Reports: rows and columns once (table.py, one module per report), and a renderer per format."""
