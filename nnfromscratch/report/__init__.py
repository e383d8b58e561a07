"""One HTML page per run that says in plain words what one sees in its pictures and numbers."""

from nnfromscratch.report.article import article_report
from nnfromscratch.report.classification import PICTURES, classification_report
from nnfromscratch.report.few_labels import few_labels_report
from nnfromscratch.report.generation import generation_report
from nnfromscratch.report.page import Section, Table, page, write_page

__all__ = [
    "PICTURES",
    "Section",
    "Table",
    "article_report",
    "classification_report",
    "few_labels_report",
    "generation_report",
    "page",
    "write_page",
]
