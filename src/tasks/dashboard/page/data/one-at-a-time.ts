/** Does it now, or once more when what is going on has ended: work that is slow ends all the same. */
export function oneAtATime(work: () => Promise<void>): () => void {
  let busy = false;
  let again = false;
  const run = async () => {
    busy = true;
    again = false;
    try {
      await work();
    } finally {
      busy = false;
    }
    if (again) void run();
  };
  return () => {
    if (busy) again = true;
    else void run();
  };
}
