"""What OCR programs and libraries write beside the pictures of pages: ALTO, PAGE XML, hOCR."""
