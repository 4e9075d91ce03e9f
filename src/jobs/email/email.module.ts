import { type DynamicModule, Module } from '@nestjs/common';
import { type EmailOptions, EmailSettings } from './email.options.js';
import { EmailTasks } from './email.tasks.js';
import { EmailTransport } from './email.transport.js';
import { OutboxTransport } from './outbox.transport.js';
import { SmtpTransport } from './smtp.transport.js';

/** The task `email.send`. */
@Module({})
export class EmailModule {
  static forRoot(options: EmailOptions = {}): DynamicModule {
    return {
      module: EmailModule,
      providers: [
        { provide: EmailSettings, useFactory: () => new EmailSettings(options) },
        {
          provide: EmailTransport,
          inject: [EmailSettings],
          useFactory: ({ server, outbox }: EmailSettings): EmailTransport =>
            server ? new SmtpTransport(server) : new OutboxTransport(outbox),
        },
        EmailTasks,
      ],
    };
  }
}
