/**
 * An application with @nestjs/throttler in front of the library's routes, in a process of its own: Jest cannot load the
 * throttler, a CommonJS module that requires ES modules. Says where it listens. Arguments: express or fastify.
 */
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MathModule } from '#dist/jobs/math/math.module.js';
import { HttpErrorFilter, TasksHttpModule, fastifyOptions } from '#dist/tasks/http/index.js';
import { TasksModule } from '#dist/tasks/index.js';

const module = {
  module: class ThrottledModule {},
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL }),
    ThrottlerModule.forRoot({
      throttlers: [{ ttl: 60_000, limit: 3 }],
      errorMessage: 'too many requests: try again later',
    }),
    TasksModule.forRoot({}),
    TasksHttpModule.forRoot({
      guards: [ThrottlerGuard],
      keys: [{ role: 'admin', owner: '*', key: '0123456789abcdef' }],
    }),
    MathModule,
  ],
  providers: [{ provide: APP_FILTER, useClass: HttpErrorFilter }],
};
const settings = { logger: ['error'] };
const app =
  process.argv[2] === 'express'
    ? await NestFactory.create(module, settings)
    : await NestFactory.create(module, new FastifyAdapter({ ...fastifyOptions }), settings);
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
console.log(await app.getUrl());
