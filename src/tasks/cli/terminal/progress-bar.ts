import type { TaskProgress } from '../../store/task-record.entity.js';
import type { Paint } from './paint.js';

const BAR = 24;

/** `[████████················]  33% step 1 of 3`, as wide as the terminal at most. */
export function progressBar(progress: TaskProgress, columns: number, paint: Paint): string {
  const { percent, current, total, message } = progress;
  const words = message ?? (total === null ? `${current}` : `${current}/${total}`);
  if (percent === null) return words.slice(0, columns - 1);
  const filled = Math.round((percent / 100) * BAR);
  const bar = `[${paint('green', '█'.repeat(filled))}${paint('dim', '·'.repeat(BAR - filled))}]`;
  const figure = `${Math.floor(percent)}%`.padStart(4);
  return `${bar} ${figure} ${words.slice(0, Math.max(0, columns - BAR - 9))}`;
}
