import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { documentBatchRoutes } from './jobs/batch/batch.documentation.js';
import { documentHealthRoutes } from './jobs/health/health.documentation.js';
import { documentTaskRoutes } from './tasks/http/openapi/index.js';

/**
 * Serves the routes' description: a page at /docs, OpenAPI at /docs-json. Only the API loads what describes them, which
 * is a fifth of what there is to load: workers start the sooner.
 */
export function documentApplication(app: INestApplication): void {
  documentTaskRoutes();
  documentBatchRoutes();
  documentHealthRoutes();
  const config = new DocumentBuilder()
    .setTitle('Celeriac')
    .setDescription('Submit background tasks, ask about them and operate them.')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'One of API_KEYS.' })
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, config), {
    jsonDocumentUrl: 'docs-json',
  });
}
