; Per machine: program under Program Files, data under ProgramData, autostart for whoever signs in.
; Silent: KassaBridge-…-setup.exe /S ; silent removal keeps the data: Uninstall.exe /S
Target amd64-unicode
Unicode true
!include "MUI2.nsh"
!include "FileFunc.nsh"
!include "LogicLib.nsh"
!include "x64.nsh"

Name "KassaBridge"
OutFile "${OUTFILE}"
InstallDir "$PROGRAMFILES64\KassaBridge"
RequestExecutionLevel admin
SetCompressor /SOLID lzma
VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "KassaBridge"
VIAddVersionKey "FileDescription" "KassaBridge setup"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "LegalCopyright" "Apache License 2.0"

!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\KassaBridge"
!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define RUN "Software\Microsoft\Windows\CurrentVersion\Run"

!define MUI_FINISHPAGE_RUN
!define MUI_FINISHPAGE_RUN_FUNCTION Begin
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "Russian"
!insertmacro MUI_LANGUAGE "English"

LangString ASK_DATA ${LANG_RUSSIAN} "Удалить и данные: журнал чеков, ключ и настройки этого ПК? Журнал нужен, чтобы разобрать спорный чек."
LangString ASK_DATA ${LANG_ENGLISH} "Delete the data, too: this PC's journal of receipts, key and settings? The journal is needed to settle a disputed receipt."

LangString STILL_RUNNING ${LANG_RUSSIAN} "KassaBridge ещё работает с кассой или не отвечает. Подождите, закройте его и повторите."
LangString STILL_RUNNING ${LANG_ENGLISH} "KassaBridge is still at work with a register, or does not answer. Wait, close it, and try again."

Function .onInit
  SetRegView 64
  SetShellVarContext all
FunctionEnd

; By the desktop of whoever is signed in: the installer has rights that the program must not get.
Function Begin
  Exec '"$WINDIR\explorer.exe" "$SMPROGRAMS\KassaBridge\KassaBridge.lnk"'
FunctionEnd

Function un.onInit
  SetRegView 64
  SetShellVarContext all
FunctionEnd

; The running agent is asked to end; what it has begun with a register it ends first. One that does not end keeps its
; program: nothing is replaced or removed under it.
!macro StopAgent
  ${If} ${FileExists} "$INSTDIR\kassabridge.exe"
    nsExec::ExecToLog '"$INSTDIR\kassabridge.exe" agent stop'
    Pop $0
    ${If} $0 == 1
      MessageBox MB_OK|MB_ICONSTOP "$(STILL_RUNNING)" /SD IDOK
      SetErrorLevel 1
      Abort "$(STILL_RUNNING)"
    ${EndIf}
  ${EndIf}
!macroend

Section "KassaBridge"
  !insertmacro StopAgent
  SetOutPath "$INSTDIR"
  RMDir /r "$INSTDIR\_internal"
  File /r "${BUNDLE}\*.*"
  WriteUninstaller "$INSTDIR\Uninstall.exe"

  ; Whoever works at this PC may write the data; nobody but administrators the program and its plugins.
  CreateDirectory "$INSTDIR\plugins"
  CreateDirectory "$APPDATA\KassaBridge"
  nsExec::ExecToLog 'icacls "$APPDATA\KassaBridge" /grant *S-1-5-32-545:(OI)(CI)M'
  Pop $0

  IfFileExists "$APPDATA\KassaBridge\config.toml" +2
    CopyFiles /SILENT "$INSTDIR\config.example.toml" "$APPDATA\KassaBridge\config.example.toml"

  CreateDirectory "$SMPROGRAMS\KassaBridge"
  CreateShortcut "$SMPROGRAMS\KassaBridge\KassaBridge.lnk" "$INSTDIR\KassaBridgeTray.exe" "agent run --setup"
  CreateShortcut "$SMPROGRAMS\KassaBridge\Uninstall.lnk" "$INSTDIR\Uninstall.exe"
  WriteRegStr HKLM "${RUN}" "KassaBridge" '"$INSTDIR\KassaBridgeTray.exe" agent run --setup'

  ; kassabridge:… links open the page of the pairing; where no agent runs it is started
  WriteRegStr HKLM "Software\Classes\kassabridge" "" "URL:KassaBridge"
  WriteRegStr HKLM "Software\Classes\kassabridge" "URL Protocol" ""
  WriteRegStr HKLM "Software\Classes\kassabridge\shell\open\command" "" '"$INSTDIR\KassaBridgeTray.exe" agent open pair --start --line "%1"'

  WriteRegStr HKLM "${KEY}" "DisplayName" "KassaBridge"
  WriteRegStr HKLM "${KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKLM "${KEY}" "Publisher" "KassaBridge"
  WriteRegStr HKLM "${KEY}" "DisplayIcon" "$INSTDIR\KassaBridgeTray.exe"
  WriteRegStr HKLM "${KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKLM "${KEY}" "UninstallString" '"$INSTDIR\Uninstall.exe"'
  WriteRegStr HKLM "${KEY}" "QuietUninstallString" '"$INSTDIR\Uninstall.exe" /S'
  WriteRegDWORD HKLM "${KEY}" "NoModify" 1
  WriteRegDWORD HKLM "${KEY}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  WriteRegDWORD HKLM "${KEY}" "EstimatedSize" "$0"

  ; A PC at which the agent is a service goes on with it.
  nsExec::ExecToLog 'sc query KassaBridge'
  Pop $0
  ${If} $0 == 0
    nsExec::ExecToLog 'net start KassaBridge'
    Pop $0
  ${EndIf}
SectionEnd

Section "Uninstall"
  !insertmacro StopAgent
  nsExec::ExecToLog '"$INSTDIR\kassabridge.exe" agent service remove'
  Pop $0
  DeleteRegValue HKLM "${RUN}" "KassaBridge"
  DeleteRegKey HKLM "Software\Classes\kassabridge"
  DeleteRegKey HKLM "${KEY}"
  RMDir /r "$SMPROGRAMS\KassaBridge"
  RMDir /r "$INSTDIR"
  IfSilent keep
  MessageBox MB_YESNO|MB_ICONQUESTION|MB_DEFBUTTON2 "$(ASK_DATA)" IDNO keep
  RMDir /r "$APPDATA\KassaBridge"
keep:
SectionEnd
