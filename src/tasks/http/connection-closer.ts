import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

const INTERVAL_MS = 50;

/**
 * Helps the server to close. It drops connections that are idle when it begins to; but those whose waits and event
 * streams were let go a moment ago become idle only then, and clients open some in advance and never use them. Each
 * would hold the server up until its time is over, on Fastify for 72 s.
 */
@Injectable()
export class ConnectionCloser implements OnModuleInit, BeforeApplicationShutdown {
  private readonly sockets = new Set<Socket>();

  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  onModuleInit(): void {
    this.server?.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  beforeApplicationShutdown(): void {
    const { server } = this;
    if (!server?.listening) return;
    const timer = setInterval(() => {
      server.closeIdleConnections();
      for (const socket of this.sockets) if (socket.bytesRead === 0) socket.destroy();
    }, INTERVAL_MS);
    server.once('close', () => clearInterval(timer));
  }

  /** None in a worker's process. */
  private get server(): Server | undefined {
    return this.host.httpAdapter?.getHttpServer() as Server | undefined;
  }
}
