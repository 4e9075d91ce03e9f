import {
  Controller,
  Inject,
  Module,
  UseFilters,
  UseGuards,
  VERSION_NEUTRAL,
  type DynamicModule,
  type OnApplicationShutdown,
  type Type,
} from '@nestjs/common';
import { register, type Registry } from 'prom-client';
import { TasksAccessGuard } from '../../http/access/access.guard.js';
import { HttpErrorFilter } from '../../http/error.filter.js';
import { assertPath } from '../../http/tasks-http.options.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsExporter } from './metrics-exporter.js';
import { METRICS_EXPORTER, type TasksMetricsOptions } from './metrics.options.js';
import { ProcessMetrics } from './process-metrics.js';

/**
 * Metrics for Prometheus, by prom-client: of web applications on a route, of workers on their health port. A prefork
 * worker answers for all its children.
 */
@Module({})
export class TasksMetricsModule implements OnApplicationShutdown {
  constructor(
    @Inject(METRICS_EXPORTER) private readonly exporter: MetricsExporter,
    @Inject(ProcessMetrics) private readonly metrics: ProcessMetrics,
  ) {}

  /** @throws InvalidOptionError */
  static forRoot({
    path = 'metrics',
    guards = [],
    registry = register,
  }: TasksMetricsOptions = {}): DynamicModule {
    return {
      module: TasksMetricsModule,
      controllers: path === false ? [] : [mounted(assertPath(path), guards)],
      providers: [
        {
          provide: METRICS_EXPORTER,
          useFactory: (metrics: ProcessMetrics) => exportMetrics(metrics, registry),
          inject: [ProcessMetrics],
        },
      ],
    };
  }

  onApplicationShutdown(): void {
    this.metrics.end();
    this.exporter.remove();
  }
}

function exportMetrics(metrics: ProcessMetrics, registry: Registry): MetricsExporter {
  const exporter = new MetricsExporter(registry, metrics);
  metrics.begin(exporter);
  return exporter;
}

function mounted(path: string, guards: NonNullable<TasksMetricsOptions['guards']>): Type {
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseGuards(...guards, TasksAccessGuard)
  @UseFilters(HttpErrorFilter)
  class MountedMetricsController extends MetricsController {}
  return MountedMetricsController;
}
