import {
  Virtualizer,
  observeWindowOffset,
  observeWindowRect,
  windowScroll,
  type VirtualItem,
} from '@tanstack/virtual-core';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

interface Rows {
  readonly items: VirtualItem[];
  readonly total: number;
  readonly scrollTo: (index: number) => void;
}

/** Of many rows of one height those in sight, while the window scrolls. @param top where the rows begin */
export function useVirtualRows(count: number, height: number, top: number): Rows {
  const [, render] = useState({});
  const reference = useRef<Virtualizer<Window, Element> | undefined>(undefined);
  const options = {
    count,
    estimateSize: () => height,
    scrollMargin: top,
    overscan: 8,
    getScrollElement: () => window,
    observeElementRect: observeWindowRect,
    observeElementOffset: observeWindowOffset,
    scrollToFn: windowScroll,
    initialOffset: () => window.scrollY,
    onChange: () => render({}),
  };
  reference.current ??= new Virtualizer<Window, Element>(options);
  const virtualizer = reference.current;
  virtualizer.setOptions(options);
  useLayoutEffect(() => virtualizer._didMount(), []);
  useLayoutEffect(() => virtualizer._willUpdate());
  useLayoutEffect(() => virtualizer.measure(), [height]);
  return {
    items: virtualizer.getVirtualItems(),
    total: virtualizer.getTotalSize(),
    scrollTo: (index) => virtualizer.scrollToIndex(index, { align: 'auto' }),
  };
}
