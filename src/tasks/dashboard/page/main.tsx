import 'uplot/dist/uPlot.min.css';
import { render } from 'preact';
import { App } from './app';
import './style/colours.css';
import './style/base.css';
import './style/shell.css';
import './style/parts.css';
import './style/pages.css';
import './style/overview.css';
import './style/list.css';
import './style/drawer.css';
import './style/narrow.css';
import './data/theme';

render(<App />, document.querySelector('#app')!);
