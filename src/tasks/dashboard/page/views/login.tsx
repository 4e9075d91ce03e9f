import { useState } from 'preact/hooks';
import { logIn } from '../data/api';
import { Problem } from '../ui/parts';

export function Login() {
  const [problem, setProblem] = useState<Error | undefined>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const key = new FormData(event.target as HTMLFormElement).get('key') as string;
    setBusy(true);
    setProblem(undefined);
    try {
      await logIn(key);
    } catch (error) {
      setProblem(error as Error);
    }
    setBusy(false);
  };
  return (
    <main class="login">
      <form onSubmit={(event) => void submit(event)}>
        <h1>Celeriac</h1>
        <p class="muted">Log in with a key of this application. The browser keeps a session, not the key.</p>
        <label for="key">Key</label>
        <input id="key" name="key" type="password" required autoComplete="current-password" />
        {problem && <Problem error={problem} />}
        <button type="submit" class="primary" disabled={busy}>
          Log in
        </button>
      </form>
    </main>
  );
}
