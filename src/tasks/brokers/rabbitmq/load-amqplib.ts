import { MissingPackageError } from '../../errors.js';

/** The package of this broker, which applications without RabbitMQ need not have. @throws MissingPackageError */
export async function loadAmqplib(): Promise<typeof import('amqplib')> {
  try {
    return await import('amqplib');
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new MissingPackageError(['amqplib'], 'a broker with amqp://', { cause: error });
  }
}
