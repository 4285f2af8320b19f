import { type Attributes, type Meter, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

/** The OpenTelemetry SDK with exporters in memory. */
export interface Telemetry {
  readonly tracer: Tracer;
  readonly meter: Meter;
  /** Spans that have ended. */
  spans(): readonly ReadableSpan[];
  /** Spans that have started and not ended. */
  openCount(): number;
  /** The spans as an indented list: name, number, outcome, error. */
  tree(): readonly string[];
  /** The points of one metric: attributes, and the sum, or for a histogram the count. */
  points(metric: string): Promise<readonly Point[]>;
  /** Everything that the exporters receive, as one text. */
  exported(): Promise<string>;
}

export interface Point {
  readonly attributes: Attributes;
  readonly value: number;
  /** Only for a histogram. */
  readonly sum?: number | undefined;
}

export function createTelemetry(): Telemetry {
  const exporter = new InMemorySpanExporter();
  let open = 0;
  const countingProcessor = {
    onStart() {
      open += 1;
    },
    onEnd() {
      open -= 1;
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const provider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter), countingProcessor],
  });
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  // Collects on request, and otherwise once a day.
  const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 86_400_000 });
  const meters = new MeterProvider({ readers: [reader] });

  async function collect(): Promise<ReturnType<typeof metrics.getMetrics>> {
    metrics.reset();
    await meters.forceFlush();
    return metrics.getMetrics();
  }

  return {
    tracer: provider.getTracer('test'),
    meter: meters.getMeter('test'),
    spans: () => exporter.getFinishedSpans(),
    openCount: () => open,
    tree: () => treeOf(exporter.getFinishedSpans()),
    async points(metric) {
      const all = (await collect()).flatMap(({ scopeMetrics }) =>
        scopeMetrics.flatMap((scope) => scope.metrics),
      );
      const points = all.find(({ descriptor }) => descriptor.name === metric)?.dataPoints ?? [];
      return points.map(({ attributes, value }) =>
        typeof value === 'number'
          ? { attributes, value }
          : { attributes, value: value.count, sum: Number(value.sum) },
      );
    },
    async exported() {
      const spans = exporter.getFinishedSpans().map(exportedFields);
      return JSON.stringify({ spans, metrics: await collect() });
    },
  };
}

function exportedFields({ name, attributes, events, links, status, resource }: ReadableSpan): object {
  return { name, attributes, events, links, status, resource: resource.attributes };
}

function treeOf(spans: readonly ReadableSpan[], parentId?: string, depth = 0): readonly string[] {
  return spans
    .filter(({ parentSpanContext }) => parentSpanContext?.spanId === parentId)
    .map((span) => ({ line: lineOf(span), span }))
    .toSorted((a, b) => (a.line < b.line ? -1 : 1))
    .flatMap(({ line, span }) => [
      `${'  '.repeat(depth)}${line}`,
      ...treeOf(spans, span.spanContext().spanId, depth + 1),
    ]);
}

function lineOf({ name, attributes, status }: ReadableSpan): string {
  const number = name === 'partway.part' ? attributes['partway.part_number'] : attributes['partway.attempt'];
  const isError = status.code === SpanStatusCode.ERROR ? 'ERROR' : undefined;
  const words = [
    name.replace('partway.', ''),
    number,
    attributes['partway.outcome'],
    attributes['error.type'],
    isError,
  ];
  return words.filter((word) => word !== undefined).join(' ');
}
