import { useState } from 'preact/hooks';
import type { JsonSchema } from '../data/types';

interface FieldProps {
  readonly id: string;
  readonly label: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}

/** In a word, for people. */
export function kindOf(schema: JsonSchema): string {
  if (Array.isArray(schema.enum)) return 'one of some';
  const { type } = schema;
  return typeof type === 'string' ? (type === 'string' ? 'text' : type) : 'any JSON';
}

/** What a form starts with; undefined is left out. */
export function emptyValue(schema: JsonSchema): unknown {
  if (schema.default !== undefined) return schema.default;
  if (schema.type === 'object' && isObject(schema.properties))
    return Object.fromEntries(
      Object.entries(schema.properties)
        .map(([name, property]) => [name, emptyValue(property as JsonSchema)] as const)
        .filter(([, value]) => value !== undefined),
    );
  if (schema.type === 'boolean') return false;
  return undefined;
}

/** An input that fits the schema; JSON where none does. The server checks what is given. */
export function Field(props: FieldProps) {
  const { id, label, schema, required, value, onChange } = props;
  const hint = typeof schema.description === 'string' ? schema.description : undefined;
  if (schema.type === 'object' && isObject(schema.properties)) return <ObjectField {...props} />;
  if (schema.type === 'boolean')
    return (
      <div class="field check">
        <input
          id={id}
          type="checkbox"
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
        <label for={id}>{label}</label>
      </div>
    );
  return (
    <div class="field">
      <label for={id}>
        {label}
        {!required && <span class="muted"> optional</span>}
      </label>
      {Array.isArray(schema.enum) ? (
        <select
          id={id}
          required={required}
          onChange={(event) => onChange(pick(schema.enum as unknown[], event.currentTarget.value))}
        >
          <option value="" />
          {schema.enum.map((each) => (
            <option key={String(each)} selected={each === value}>
              {String(each)}
            </option>
          ))}
        </select>
      ) : schema.type === 'number' || schema.type === 'integer' ? (
        <NumberField {...props} />
      ) : schema.type === 'string' ? (
        <input
          id={id}
          required={required}
          value={typeof value === 'string' ? value : ''}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      ) : (
        <JsonField {...props} />
      )}
      {hint && <p class="muted">{hint}</p>}
    </div>
  );
}

function ObjectField({ id, label, schema, value, onChange }: FieldProps) {
  const given = isObject(value) ? value : {};
  const needed = Array.isArray(schema.required) ? schema.required : [];
  return (
    <fieldset>
      <legend>{label}</legend>
      {Object.entries(schema.properties as Record<string, JsonSchema>).map(([name, property]) => (
        <Field
          key={name}
          id={`${id}-${name}`}
          label={`${name} (${kindOf(property)})`}
          schema={property}
          required={needed.includes(name)}
          value={given[name]}
          onChange={(changed) => {
            const { [name]: _before, ...rest } = given;
            onChange(changed === undefined ? rest : { ...rest, [name]: changed });
          }}
        />
      ))}
    </fieldset>
  );
}

/** Keeps the text: of `1.0`, on the way to `1.05`, the number is 1. */
function NumberField({ id, schema, required, value, onChange }: FieldProps) {
  const [text, setText] = useState(typeof value === 'number' ? String(value) : '');
  const change = (input: HTMLInputElement) => {
    setText(input.value);
    onChange(input.value === '' ? undefined : input.valueAsNumber);
  };
  return (
    <input
      id={id}
      type="number"
      step={schema.type === 'integer' ? 1 : 'any'}
      {...bounds(schema)}
      required={required}
      value={text}
      onInput={(event) => change(event.currentTarget)}
    />
  );
}

function JsonField({ id, required, value, onChange }: FieldProps) {
  const [text, setText] = useState(value === undefined ? '' : JSON.stringify(value));
  const change = (input: HTMLTextAreaElement) => {
    setText(input.value);
    try {
      onChange(input.value.trim() === '' ? undefined : JSON.parse(input.value));
      input.setCustomValidity('');
    } catch (error) {
      input.setCustomValidity(`This is no JSON: ${(error as Error).message}`);
    }
  };
  return (
    <textarea
      id={id}
      rows={4}
      required={required}
      spellcheck={false}
      placeholder={'JSON: {"to": "ada@example.com"}, "text", 42 …'}
      value={text}
      onInput={(event) => change(event.currentTarget)}
    />
  );
}

const bounds = ({ minimum, maximum }: JsonSchema) => ({
  ...(typeof minimum === 'number' && { min: minimum }),
  ...(typeof maximum === 'number' && { max: maximum }),
});
const pick = (values: readonly unknown[], text: string) => values.find((value) => String(value) === text);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
