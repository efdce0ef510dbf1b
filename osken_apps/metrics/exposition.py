"""Measurements in the forms that Prometheus reads: prometheus-client writes them. SHELL (the library is)."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from osken_apps.metrics.declarations import METRICS, Kind
from osken_apps.metrics.declarations import Metric as Declared
from osken_apps.metrics.facts import Measurements
from osken_apps.model.counts import Durations


class FactsCollector(Collector):
    """Makes the families of one scrape of facts that are read for it."""

    def __init__(self, facts: Callable[[], Measurements]) -> None:
        self._facts = facts

    def collect(self) -> Iterator[Metric]:
        """Give every metric that has a sample."""
        facts = self._facts()
        for declared in METRICS:
            family = _family(declared, facts)
            if family.samples:
                yield family


def exposition(facts: Callable[[], Measurements], accept: str) -> tuple[bytes, str]:
    """Give the document that a scraper accepts, and its content type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(FactsCollector(facts))
    encoder, content_type = choose_encoder(accept)
    return encoder(registry), content_type


def _family(declared: Declared, facts: Measurements) -> Metric:
    samples = declared.samples(facts)
    if declared.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(declared.name, declared.help, labels=declared.labels)
        for labels, took in samples:
            if isinstance(took, Durations):
                histogram.add_metric(labels, _buckets(took), took.sum_s)
        return histogram
    kind = CounterMetricFamily if declared.kind is Kind.COUNTER else GaugeMetricFamily
    family = kind(declared.name, declared.help, labels=declared.labels)
    for labels, value in samples:
        if not isinstance(value, Durations):
            family.add_metric(labels, value)
    return family


def _buckets(took: Durations) -> list[tuple[str, float]]:
    """Give how many took no longer than each bound; the last is all."""
    total, buckets = 0, []
    for bound, count in zip((*map(str, took.bounds), "+Inf"), took.counts, strict=True):
        total += count
        buckets.append((bound, float(total)))
    return buckets
