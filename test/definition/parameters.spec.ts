import { describe, expect, it } from '@jest/globals';
import { parametersOf } from '#dist/tasks/definition/parameters.js';

describe('the parameters of a method', () => {
  it('have their names, whatever stands beside them', () => {
    class Examples {
      none(): void {}
      plain(to: string, subject: string): string {
        return to + subject;
      }
      async later(/* (first */ x: number, y = Math.max(1, 2), text = 'a, (b' /* ) */): Promise<string> {
        return `${x}${y}${text}`;
      }
      taken({ to, from = [1, 2] }: { to: string; from?: number[] }, [first]: string[], last = `),(`): string {
        return to + String(from) + first + last;
      }
      rest(one: number, ...others: number[]): number {
        return one + others.length;
      }
    }
    const parameters = (method: keyof Examples) => parametersOf(Reflect.get(Examples.prototype, method));
    const namesOf = (method: keyof Examples) => parameters(method).map(({ name }) => name);
    expect(namesOf('none')).toEqual([]);
    expect(namesOf('plain')).toEqual(['to', 'subject']);
    expect(namesOf('later')).toEqual(['x', 'y', 'text']);
    expect(namesOf('taken')).toEqual([undefined, undefined, 'last']);
    expect(parameters('rest')).toEqual([
      { name: 'one', rest: false },
      { name: 'others', rest: true },
    ]);
  });
});
