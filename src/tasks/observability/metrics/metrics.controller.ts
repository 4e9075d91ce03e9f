import { Get, Inject, Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Needs } from '../../http/access/access.guard.js';
import { METRICS_EXPORTER } from './metrics.options.js';
import type { ExportedMetrics } from './metric-sources.js';

/** Metrics of this process. `TasksMetricsModule` mounts it under the path of its options. */
export class MetricsController {
  constructor(
    @Inject(METRICS_EXPORTER) private readonly metrics: ExportedMetrics,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {}

  @Get()
  @Needs('measure')
  async scrape(@Res({ passthrough: true }) response: unknown): Promise<string> {
    const text = await this.metrics.text();
    this.host.httpAdapter.setHeader(response, 'Content-Type', this.metrics.contentType);
    return text;
  }
}
