"""The sample city: a fictional city whose raw extracts let every part of the product be seen at work."""

from pipelines.sample_city.generate import CANARIES, make_sample_city
from pipelines.sample_city.new_city import make_new_city

__all__ = ["CANARIES", "make_new_city", "make_sample_city"]
