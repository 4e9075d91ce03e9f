import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { configuration, isAdmin, loadConfiguration, logOut } from './data/api';
import { addKeys } from './data/keys';
import { liveStatus, paused } from './data/live';
import { go, hrefOf, route } from './data/router';
import { nextTheme, theme } from './data/theme';
import { Questions } from './ui/dialog';
import { Icon } from './ui/icons';
import { Loading, Problem } from './ui/parts';
import { Toasts } from './ui/toasts';
import { Audit } from './views/audit';
import { Errors } from './views/errors';
import { Help } from './views/help';
import { Login } from './views/login';
import { Queues } from './views/queues';
import { Schedules } from './views/schedules';
import { Submit } from './views/submit';
import { Tasks } from './views/tasks';
import { Workers } from './views/workers';
import { Workflows } from './views/workflows';

interface PageEntry {
  readonly path: string;
  readonly title: string;
  readonly key: string;
  readonly view: ComponentType;
  /** Whoever may list tasks sees it. */
  readonly forAll?: boolean;
}

const PAGES: readonly PageEntry[] = [
  { path: 'tasks', title: 'Tasks', key: 't', view: Tasks, forAll: true },
  { path: 'errors', title: 'Errors', key: 'e', view: Errors },
  { path: 'workflows', title: 'Workflows', key: 'f', view: Workflows, forAll: true },
  { path: 'queues', title: 'Queues', key: 'q', view: Queues },
  { path: 'workers', title: 'Workers', key: 'w', view: Workers },
  { path: 'schedules', title: 'Schedules', key: 's', view: Schedules },
  { path: 'submit', title: 'Submit', key: 'n', view: Submit },
  { path: 'audit', title: 'Audit', key: 'a', view: Audit },
];

export function App() {
  const [problem, setProblem] = useState<Error | undefined>();
  const load = () => {
    setProblem(undefined);
    loadConfiguration().catch(setProblem);
  };
  useEffect(load, []);
  if (problem) return <Problem error={problem} retry={load} />;
  if (!configuration.value) return <Loading rows={1} />;
  if (configuration.value.principal) return <Shell />;
  return configuration.value.login ? <Login /> : <Unknown />;
}

/** Where the application itself says who somebody is: loaded anew, it may ask for that. */
function Unknown() {
  const error = new Error('The application does not know who you are: log in there, then try again.');
  return (
    <main id="content">
      <h1 class="visually-hidden">Celeriac</h1>
      <Problem error={error} retry={() => location.reload()} />
    </main>
  );
}

const seen = (page: PageEntry) => isAdmin() || page.forAll === true;

function Shell() {
  const [help, setHelp] = useState(false);
  const page = PAGES.find(({ path }) => path === route.value.path[0]) ?? PAGES[0]!;
  useEffect(
    () =>
      addKeys('Everywhere', [
        { keys: '?', does: 'show these keys', run: () => setHelp(true) },
        { keys: 'p', does: 'pause and resume live updates', run: () => (paused.value = !paused.value) },
        { keys: 'l', does: 'change between system, light and dark', run: nextTheme },
        ...PAGES.filter(seen).map(({ path, title, key }) => ({
          keys: `g ${key}`,
          does: `go to ${title}`,
          run: () => go(hrefOf(path)),
        })),
      ]),
    [],
  );
  useEffect(() => {
    document.title = `${page.title} – Celeriac`;
  }, [page]);
  const View = page.view;
  return (
    <div class="shell">
      <a class="skip" href="#content" onClick={skip}>
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href={hrefOf('tasks')}>
          <img src={new URL('./icon.svg', import.meta.url).href} alt="" width="22" height="22" />
          Celeriac
        </a>
        <nav aria-label="Pages">
          {PAGES.filter(seen).map(({ path, title }) => (
            <a key={path} href={hrefOf(path)} aria-current={path === page.path ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <div class="tools">
          <LiveButton />
          <button
            type="button"
            class="quiet"
            onClick={nextTheme}
            title={`Colours: ${theme.value}`}
            aria-label={`Colours: ${theme.value}`}
          >
            <Icon name="theme" />
          </button>
          <button
            type="button"
            class="quiet"
            onClick={() => setHelp(true)}
            title="Keys (?)"
            aria-label="Keys"
          >
            <Icon name="help" />
          </button>
          {configuration.value!.login && (
            <button
              type="button"
              class="quiet"
              onClick={() => void logOut()}
              title="Log out"
              aria-label="Log out"
            >
              <Icon name="leave" />
            </button>
          )}
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {seen(page) ? <View /> : <p class="muted">Your key may not see this page.</p>}
      </main>
      {help && <Help onClose={() => setHelp(false)} />}
      <Questions />
      <Toasts />
    </div>
  );
}

/** The address behind # is the route. */
function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('#content')?.focus();
}

const TEXTS = {
  live: 'Live',
  connecting: 'Connecting',
  paused: 'Paused',
  away: 'Paused while away',
} as const;

function LiveButton() {
  const status = liveStatus.value;
  return (
    <button
      type="button"
      class={`live live-${status}`}
      aria-pressed={!paused.value}
      onClick={() => (paused.value = !paused.value)}
      title="Pause and resume live updates (p)"
    >
      <span class="dot" aria-hidden="true" />
      {TEXTS[status]}
    </button>
  );
}
