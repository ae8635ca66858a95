/**
 * What each shell needs: it hands the words over, not the line, so that nothing that is typed is run, and offers files where
 * fleetctl suggests nothing.
 */
export const COMPLETION_SCRIPTS = {
  bash: `_fleetctl() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <(fleetctl __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _fleetctl fleetctl
`,
  zsh: `#compdef fleetctl
_fleetctl() {
  local line
  local -a items
  while IFS= read -r line; do
    items+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <(fleetctl __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#items} )); then
    _describe 'fleetctl' items
  else
    _files
  fi
}
if [ "\${funcstack[1]}" = "_fleetctl" ]; then
  _fleetctl "$@"
else
  compdef _fleetctl fleetctl
fi
`,
  fish: `function __fleetctl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l found (fleetctl __complete -- $words[2..-1] "$current" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path "$current"
    end
end
complete -c fleetctl -f -a '(__fleetctl_complete)'
`,
} as const;
export type Shell = keyof typeof COMPLETION_SCRIPTS;
