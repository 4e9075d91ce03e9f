import { Injectable } from '@nestjs/common';
import { InvalidOptionError, SoftTimeLimitExceededError, Task, TaskContext } from '../../tasks/index.js';
import { readSource } from './image-source.js';
import { ImageError } from './images.errors.js';
import { readInput } from './images.input.js';
import { ImagesSettings } from './images.options.js';
import type { ThumbnailInput, ThumbnailOutput, ThumbnailReport } from './images.types.js';
import { planThumbnails } from './thumbnail.plan.js';
import { Thumbnailer } from './thumbnailer.js';

@Injectable()
export class ImagesTasks {
  constructor(
    private readonly settings: ImagesSettings,
    private readonly thumbnailer: Thumbnailer,
  ) {}

  /** Makes an image's thumbnails, one after the other. It has a queue of its own, because it takes the processor. */
  @Task({
    name: 'images.thumbnail',
    queue: 'images',
    http: true,
    softTimeLimit: '5m',
    // what is left is the disk: full, or away for a moment
    retry: { max: 3, notFor: [InvalidOptionError, ImageError, SoftTimeLimitExceededError] },
  })
  async thumbnail(given: ThumbnailInput, ctx: TaskContext): Promise<ThumbnailReport> {
    const input = readInput(given);
    const plans = planThumbnails(input);
    await ctx.progress(0, plans.length, 'reading the image');
    const source = await readSource(this.settings, input.source);
    const outputs: ThumbnailOutput[] = [];
    for (const plan of plans) {
      const output = await this.thumbnailer.make(source, plan, ctx.signal);
      outputs.push(output);
      await ctx.progress(outputs.length, plans.length, output.file);
    }
    const { format, pages = 1, autoOrient } = source.metadata;
    return { source: { ...autoOrient, format, bytes: source.bytes.length, pages }, outputs };
  }
}
