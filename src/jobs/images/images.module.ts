import { type DynamicModule, Module } from '@nestjs/common';
import { type ImagesOptions, ImagesSettings } from './images.options.js';
import { ImagesTasks } from './images.tasks.js';
import { Thumbnailer } from './thumbnailer.js';

/** The task `images.thumbnail`. */
@Module({})
export class ImagesModule {
  static forRoot(options: ImagesOptions = {}): DynamicModule {
    return {
      module: ImagesModule,
      providers: [
        { provide: ImagesSettings, useFactory: () => new ImagesSettings(options) },
        Thumbnailer,
        ImagesTasks,
      ],
    };
  }
}
