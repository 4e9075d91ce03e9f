import { stripVTControlCharacters, styleText } from 'node:util';
import type { TaskState } from '../../store/states.js';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan' | 'magenta';
export type Paint = (style: Style, text: string) => string;

export const painter =
  (colour: boolean): Paint =>
  (style, text) =>
    colour ? styleText(style, text, { validateStream: false }) : text;

const STATES: Readonly<Record<TaskState, Style>> = {
  WAITING: 'dim',
  PENDING: 'yellow',
  STARTED: 'blue',
  RETRY: 'magenta',
  SUCCESS: 'green',
  FAILURE: 'red',
  REVOKED: 'dim',
};

export const styleOf = (state: TaskState): Style => STATES[state];

/** How many columns a text takes. */
export const widthOf = (text: string): number => stripVTControlCharacters(text).length;
