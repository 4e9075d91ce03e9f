import 'reflect-metadata';
import { Body, Controller, HttpCode, Module, Post, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsNumber, IsObject, IsOptional } from 'class-validator';
import { DemoTasksModule } from '#dist/jobs/demo/demo-tasks.module.js';
import { MathModule } from '#dist/jobs/math/math.module.js';
import { TasksHttpModule, fastifyOptions } from '#dist/tasks/http/index.js';
import { TasksModule } from '#dist/tasks/index.js';

/**
 * The server that is measured, in a process of its own: the library's routes, and beside them an empty route that
 * validates the same body. Arguments: express or fastify, the database's URL, and `worker` for one that also runs tasks.
 * Says where it listens.
 */
class SubmitBody {
  @IsArray()
  @ArrayMinSize(2)
  @ArrayMaxSize(2)
  @IsNumber({}, { each: true })
  args!: number[];

  @IsOptional()
  @IsObject()
  options?: object;
}

@Controller('empty')
class EmptyController {
  @Post('math.add')
  @HttpCode(202)
  submit(
    @Body(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true })) body: SubmitBody,
  ): object {
    return { accepted: body.args.length };
  }
}

const [adapter, url, worker] = process.argv.slice(2);

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: url! }),
    TasksModule.forRoot({
      worker: worker === 'worker' ? 'inline' : 'none',
      concurrency: 500,
      workerEntry: new URL('../../../dist/worker.js', import.meta.url),
    }),
    TasksHttpModule.forRoot(),
    MathModule,
    DemoTasksModule.forRoot({}),
  ],
  controllers: [EmptyController],
})
class BenchModule {}

const logger = ['error', 'warn'] as const;
const app =
  adapter === 'express'
    ? await NestFactory.create(BenchModule, { logger: [...logger] })
    : await NestFactory.create(BenchModule, new FastifyAdapter({ ...fastifyOptions }), {
        logger: [...logger],
      });
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
console.log(await app.getUrl());
