import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

const HEIGHT_PX = 230
const DARK = '(prefers-color-scheme: dark)'

interface ChartProps {
  readonly times: readonly number[]
  readonly depths: readonly number[]
  readonly label: string
}

/** A queue's depth over the last minutes. */
export function DepthChart({ times, depths, label }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot | undefined>(undefined)
  const isDark = useIsDark()
  useEffect(() => {
    const box = place.current
    if (box === null) return
    const style = getComputedStyle(box)
    const [accent, quiet, line] = ['--accent', '--quiet', '--line'].map((name) => style.getPropertyValue(name).trim())
    const axis = { stroke: quiet ?? '', grid: { stroke: line ?? '', width: 1 }, ticks: { show: false } }
    const options: uPlot.Options = {
      width: box.clientWidth,
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { y: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      scales: { y: { range: (_, __, most) => [0, Math.max(4, most * 1.1)] } },
      axes: [
        { ...axis, space: 70, values: (_, splits) => splits.map(clockWords) },
        {
          ...axis,
          size: 56,
          incrs: [1, 2, 5, 10, 20, 50, 1e2, 2e2, 5e2, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6],
        },
      ],
      series: [{}, { stroke: accent ?? '', width: 2, fill: `${accent}22`, points: { show: false } }],
    }
    const made = new uPlot(options, [[...times], [...depths]], box)
    chart.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height: HEIGHT_PX }))
    observer.observe(box)
    return () => {
      observer.disconnect()
      made.destroy()
      chart.current = undefined
    }
  }, [isDark])
  useEffect(() => chart.current?.setData([[...times], [...depths]]), [times, depths])
  return <div class="chart" ref={place} role="img" aria-label={label} />
}

/** The time of day in UTC, as all times of the page are. */
function clockWords(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(11, 19)
}

/** A canvas is drawn in colours that it was given: it is drawn anew when the colours change. */
function useIsDark(): boolean {
  const [isDark, setDark] = useState(() => matchMedia(DARK).matches)
  useEffect(() => {
    const scheme = matchMedia(DARK)
    const changed = () => setDark(scheme.matches)
    scheme.addEventListener('change', changed)
    return () => scheme.removeEventListener('change', changed)
  }, [])
  return isDark
}
