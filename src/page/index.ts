/** The page: a namespace seen and used through a `PageSource`, wherever it is. */
export { showPage } from './app.tsx'
