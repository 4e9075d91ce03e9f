import type { CanActivate, Type } from '@nestjs/common';
import type { Registry } from 'prom-client';

/** Options of `TasksMetricsModule.forRoot()`. */
export interface TasksMetricsOptions {
  /**
   * Where an HTTP application answers, below a global prefix; it lets in whom `TasksHttpModule` lets in, which must be
   * imported too. false: nowhere; workers answer on their health port either way. Default 'metrics'.
   */
  path?: string | false | undefined;
  /** Guards of the application in front of it. Default: none. */
  guards?: readonly Type<CanActivate>[] | undefined;
  /** Where the metrics are registered, and what is answered. Default: prom-client's global one. */
  registry?: Registry | undefined;
}

export const METRICS_EXPORTER = Symbol('celeriac:metrics-exporter');
