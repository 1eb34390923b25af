import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

interface AskProps {
  readonly title: string
  /** What it will do, in a sentence. */
  readonly does: ComponentChildren
  readonly action: string
  /** What it does cannot be undone. */
  readonly isDestructive?: boolean
  /** It would be refused: there is only the reason to be read. */
  readonly isImpossible?: boolean
  readonly onClose: () => void
  readonly run: (form: FormData) => Promise<unknown>
  readonly children?: ComponentChildren
}

/** Asks before something is done, says what it will do, and stays open with the reason when it fails. */
export function Ask({
  title,
  does,
  action,
  isDestructive = false,
  isImpossible = false,
  onClose,
  run,
  children,
}: AskProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [problem, setProblem] = useState<string>()
  const [isRunning, setRunning] = useState(false)
  useEffect(() => dialog.current?.showModal(), [])
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    setRunning(true)
    try {
      await run(new FormData(event.currentTarget as HTMLFormElement))
      dialog.current?.close()
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
    }
    setRunning(false)
  }
  return (
    <dialog ref={dialog} aria-labelledby="ask-title" onClose={onClose}>
      <form onSubmit={submit}>
        <h2 id="ask-title">{title}</h2>
        <p>{does}</p>
        {children}
        {problem !== undefined && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class={isDestructive ? 'danger' : 'primary'} disabled={isRunning || isImpossible}>
            {action}
          </button>
        </div>
      </form>
    </dialog>
  )
}

interface FieldProps {
  readonly name: string
  readonly label: string
  readonly value: string | number
  readonly isLong?: boolean
}

export function Field({ name, label, value, isLong = false }: FieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      {isLong ? (
        <textarea name={name} rows={5} defaultValue={String(value)} />
      ) : (
        <input name={name} defaultValue={String(value)} autocomplete="off" />
      )}
    </label>
  )
}

export function textIn(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value.trim() : ''
}

/** A whole number of a form: decimal, or hexadecimal after 0x. @throws {RangeError} */
export function whole(form: FormData, name: string): number {
  const text = textIn(form, name)
  if (!/^(-?\d+|0x[0-9a-f]+)$/i.test(text)) throw new RangeError(`${name} must be a whole number`)
  return Number(text)
}

/** Three octal digits. @throws {RangeError} */
export function modeOf(form: FormData): number {
  const text = textIn(form, 'mode')
  if (!/^[0-7]{3,4}$/.test(text)) throw new RangeError('the mode is three octal digits: 660')
  return Number.parseInt(text, 8)
}
