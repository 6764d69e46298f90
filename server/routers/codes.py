"""/codes: the table of codes, for CRMs that show their own words."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel

from protocol.crm.codes import CODES

router = APIRouter(tags=["codes"])


class Words(BaseModel):
    text: str
    advice: str


class CodeView(BaseModel):
    safe_to_repeat: bool
    ru: Words
    en: Words


class CodeTable(BaseModel):
    codes: dict[str, CodeView]


@router.get("/codes")
async def codes(response: Response) -> CodeTable:
    """Every ``code`` of problems, reasons and events, in both languages. Needs no key."""
    response.headers["Cache-Control"] = "public, max-age=3600"
    return CodeTable(
        codes={
            name: CodeView(
                safe_to_repeat=code.safe_to_repeat,
                ru=Words(text=code.ru, advice=code.advice_ru),
                en=Words(text=code.en, advice=code.advice_en),
            )
            for name, code in sorted(CODES.items())
        }
    )
