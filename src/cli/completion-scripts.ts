/**
 * What a shell must know to complete: to ask `msgq completion words`, which answers with a line for each word that fits,
 * the word and what it does with a tab between; or with `:files`.
 */

/** Bash begins a new word after : and =, and replaces only what follows the last of them. bash 3.2 is what macOS has. */
const BASH = `# eval "$(msgq completion bash)"
_msgq() {
  local line=\${COMP_LINE:0:COMP_POINT} typed before word does
  local -a words
  IFS=$' \\t' read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  words=("\${words[@]//[\\'\\"]/}")
  typed=\${words[\${#words[@]}-1]}
  before=\${typed%"\${typed##*[:=]}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r word does; do
    if [[ $word == :files ]]; then
      compopt -o default 2>/dev/null
      return
    fi
    COMPREPLY+=("\${word#"$before"}")
  done < <("\${words[0]}" completion words -- "\${words[@]:1}" 2>/dev/null)
  [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
}
complete -F _msgq msgq
`

const ZSH = `#compdef msgq
# eval "$(msgq completion zsh)", after compinit
_msgq() {
  local line
  local -a described
  for line in "\${(@f)$("\${(Q)words[1]}" completion words -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      '') ;;
      :files) _files; return ;;
      *) described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  _describe msgq described
}
compdef _msgq msgq
`

const FISH = `# msgq completion fish | source
function __msgq_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l lines ($words[1] completion words -- $words[2..] 2>/dev/null)
  if test "$lines[1]" = :files
    __fish_complete_path (commandline -ct)
  else if set -q lines[1]
    printf '%s\\n' $lines
  end
end
complete -c msgq -f -a '(__msgq_complete)'
`

/** The script of each shell. */
export const COMPLETION_SCRIPTS: Readonly<Record<'bash' | 'zsh' | 'fish', string>> = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
}
