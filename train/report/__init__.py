"""What all reports are made of; figures come in, documents and plots go out.

document.py holds headings, text, tables and pictures and renders them as Markdown and as one HTML
page; plots.py draws PNG pictures. What a report says lies beside what it reports:
train/evaluate/report.py, train/motion/report.py, train/pictures/report.py.
"""
