import { keyGroups } from '../data/keys';
import { QUALIFIERS } from '../data/search';
import { Dialog } from '../ui/dialog';

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys and search" onClose={onClose}>
      <div class="help" tabIndex={0} role="region" aria-label="Keys and search">
        {keyGroups.value.map((group) => (
          <section key={group.name}>
            <h3>{group.name}</h3>
            <dl>
              {group.keys.map(({ keys, does }) => (
                <div key={keys}>
                  <dt>
                    {keys.split(' ').map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <section>
          <h3>Search</h3>
          <dl>
            {QUALIFIERS.map(([name, means]) => (
              <div key={name}>
                <dt>
                  <code>{name}</code>
                </dt>
                <dd>{means}</dd>
              </div>
            ))}
            <div>
              <dt>text</dt>
              <dd>an id, or a part of a name, of an error, or the value of a tag</dd>
            </div>
          </dl>
        </section>
      </div>
    </Dialog>
  );
}
