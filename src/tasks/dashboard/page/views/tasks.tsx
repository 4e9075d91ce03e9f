import { isAdmin } from '../data/api';
import { openTask } from '../data/router';
import { Overview } from './overview';
import { TaskDrawer } from './task-drawer';
import { TaskList } from './task-list';

/** The first screen: how it goes, and what there is. */
export function Tasks() {
  const task = openTask.value;
  return (
    <div class={task ? 'with-drawer' : ''}>
      <h1 class="visually-hidden">Tasks</h1>
      <div>
        {isAdmin() && <Overview />}
        <TaskList />
      </div>
      {task && <TaskDrawer key={task} id={task} />}
    </div>
  );
}
